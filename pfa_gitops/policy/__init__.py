"""Users' policies: CEL expressions over the plan, evaluated in a child of limited time and memory."""
