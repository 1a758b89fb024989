"""What pfa-gitops costs, side by side with what people would use instead, as a ratio of one run."""
