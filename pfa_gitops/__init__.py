"""Declarative GitOps for Prefect 3 on Anyscale."""
