"""Which references are found in the strings of free-form values."""

import pytest

from pfa_gitops.model.references import Embeds, embedded, mentions
from pfa_gitops.model.values import Spec
from pfa_gitops.platforms.prefect._placeholders import WithPlaceholders


class Free(Spec):
    data: dict[str, WithPlaceholders] = {}


def found(value: str) -> list[str]:
    spec = Free.model_validate({"data": {"deep": [{"text": value}]}})
    return [
        f"{mention.marker.kind}/{name}"
        for mention in mentions(spec)
        if isinstance(mention.marker, Embeds)
        for name in embedded(mention.marker, mention.text)
    ]


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("{{ prefect.blocks.s3-bucket.data }}", ["Block/s3-bucket/data"]),
        ("{{prefect.blocks.secret.db-password.value}}", ["Block/secret/db-password"]),
        ("{{ prefect.blocks.anyscale-job.team-a }}", ["InfraBlock/team-a"]),
        ("{{ prefect.blocks.ray-job.team-a.env.LOG_LEVEL }}", ["InfraBlock/team-a"]),
        ("{{ prefect.blocks.anyscale-job-log.x }}", ["Block/anyscale-job-log/x"]),
        ("a {{ prefect.variables.region }} b {{ prefect.variables.zone }}", ["Variable/region", "Variable/zone"]),
        ("{{ prefect.blocks.s3-bucket.{{ name }} }}", []),
        ("{{ $HOME }} prefect.blocks.a.b {{ image }}", []),
    ],
)
def test_placeholders_name_their_targets(text, targets):
    assert found(text) == targets
