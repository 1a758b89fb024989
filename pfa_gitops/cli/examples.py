"""What `--help` shows of each command beside its options: commands that people really type. Pure."""

from collections.abc import Mapping, Sequence

Examples = Sequence[tuple[str, str]]
"""A command line without `pfa-gitops`, and what it does."""

EXAMPLES: Mapping[str, Examples] = {
    "init": [
        ("init", "a project in this folder"),
        ("init my-project", "in another one, which is made"),
        ("init --from-live my-project", "with manifests of what is live already"),
    ],
    "validate": [
        ("validate", "the project of this folder, in its default environment"),
        ("validate -C flows -e prod", "that of another folder, in another environment"),
        ("validate --junit problems.xml", "for a CI that shows test results"),
    ],
    "render": [
        ("render -e prod", "all manifests, as they are for prod"),
        ("render Deployment/nightly", "one of them"),
    ],
    "plan": [
        ("plan -e prod", "what an apply would change"),
        ("plan -e prod -o prod.plan", "and keep it, for `apply prod.plan`"),
        ("plan --detailed-exitcode", "exit with 2 where there is something to change"),
        ("plan --report plan.html --report plan.md", "for who reviews it"),
    ],
    "graph": [
        ("graph", "all objects and what refers to what, as Mermaid"),
        ("graph Deployment/nightly --format svg -o nightly.svg", "one and what it needs, as a picture"),
    ],
    "apply": [
        ("apply -e prod", "show the plan, ask, and carry it out"),
        ("apply --auto-approve", "without asking"),
        ("apply prod.plan", "exactly what was planned and reviewed"),
    ],
    "destroy": [("destroy -e staging", "delete all that is the project's there")],
    "import": [
        ("import Deployment/nightly", "make an object that exists the project's"),
        ("import --all", "all that the manifests name"),
    ],
    "unlock": [("unlock -e prod", "where an apply died and its lock is still held")],
    "drift": [
        ("drift -e prod", "what was changed behind the manifests' back"),
        ("drift --format json", "for a program"),
    ],
    "status": [
        ("status", "pools, agents and deployments, as they do right now"),
        ("status --check", "exit with 2 where runs would not start"),
        ("status --history", "the last applies"),
        ("status --unmanaged", "what exists and nobody manages"),
    ],
    "run": [
        ("run Deployment/nightly", "start a run"),
        ("run nightly --param day=2026-01-31 --wait", "with a parameter, and wait for its end"),
    ],
    "export": [
        ("export Deployment/etl/nightly", "print the manifest of what is live"),
        ("export --all --output .", "write those of everything"),
    ],
    "convert": [
        ("convert prefect.yaml --output .", "manifests of what `prefect deploy` reads"),
        ("convert --service agent.yaml", "of an Anyscale service"),
    ],
    "schema": [
        ("schema --output schemas", "one JSON Schema per kind, for editors"),
        ("schema Deployment", "print one"),
    ],
    "local": [
        ("local up", "a Prefect server and an Anyscale emulator on this machine"),
        ("local status", "whether both answer"),
        ("local down --delete-data", "stop both, and forget their data"),
    ],
    "local up": [("local up --prefect-port 0 --anyscale-port 0", "on any free ports")],
    "local down": [("local down", "their data stays for the next time")],
    "local status": [("local status", "exit with 0 when all of it answers")],
    "local env": [("local env --format json", "what a client's environment needs")],
    "demo": [("demo", "the whole story, with servers of its own")],
    "completion": [
        ("completion bash", "what makes bash complete; put it into ~/.bashrc"),
        ("completion zsh", "the same for zsh"),
    ],
}


def epilog(command: str) -> str | None:
    """The examples of a command, one a line, as click shows them below the options."""
    found = [(f"pfa-gitops {line}", about) for line, about in EXAMPLES.get(command, ())]
    if not found:
        return None
    width = max(len(line) for line, _ in found)
    return "\n".join(["\b", "Examples:", *(f"  {line:<{width}}  # {about}" for line, about in found)])
