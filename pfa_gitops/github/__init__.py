"""pfa-gitops in GitHub Actions: `python -m pfa_gitops.github` is what `action.yml` and the workflows run.

A program of its own: it knows the commands by their command lines, and no other folder imports it. `api` is the only
HTTP to GitHub.
"""
