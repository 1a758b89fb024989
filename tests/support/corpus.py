"""Real prefect.yaml files, where they are there: in PFA_GITOPS_CORPUS, else in `shared/corpus` beside the project."""

import os
from pathlib import Path

BESIDE = Path(__file__).parents[3] / "shared" / "corpus" / "prefect-yaml"
CORPUS = sorted(Path(os.environ.get("PFA_GITOPS_CORPUS", BESIDE)).glob("*.yaml"))
