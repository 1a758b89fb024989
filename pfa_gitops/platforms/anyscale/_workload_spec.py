"""What an Anyscale service and an Anyscale job have in common: image, cluster, files. Pure.

The names are those of the SDK's WorkloadConfig (0.26.112).
"""

from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from pfa_gitops.model.references import RefTo
from pfa_gitops.model.values import RESTORED, Action, Spec
from pfa_gitops.platforms.anyscale._image_names import ANYSCALES, RAY_VERSION
from pfa_gitops.platforms.anyscale._own_tags import OWN
from pfa_gitops.platforms.compute_shapes import ComputeShape

WRITTEN = frozenset({Action.CREATE, Action.UPDATE, Action.REPLACE})
"""What makes a new version of what a bare name stands for."""
IMAGE_FIELDS = ("image_uri", "cluster_env", "containerfile")
"""An image is named by one of them."""


def _or_none(value: Any) -> Any:
    """An empty list is not sent, and comes back as none."""
    return value or None


def _not_ours(tags: dict[str, str] | None) -> dict[str, str] | None:
    """Tags that are written by pfa-gitops itself are no manifest's affair."""
    if ours := sorted(name for name in tags or {} if name.startswith(OWN)):
        raise ValueError(f"{ours[0]}: pfa-gitops itself writes the tags that begin with `{OWN}`")
    return tags


ComputeConfigName = Annotated[
    str,
    Field(min_length=1),
    RefTo("ComputeConfig", r"(?P<name>[^:]+)", rewritten_on=WRITTEN),
    RefTo("ComputeConfig", r"(?P<name>[^:]+):(?P<item>\d+)"),
]
ImageName = Annotated[
    str,
    Field(min_length=1),
    RefTo("Image", r"anyscale/image/(?P<name>[^:]+)", optional=True, rewritten_on=WRITTEN),
    RefTo("Image", r"anyscale/image/(?P<name>[^:]+):(?P<item>\d+)", optional=True),
]
ClusterEnvName = Annotated[
    str,
    Field(min_length=1),
    RefTo("Image", r"(?P<name>[^:]+)", optional=True, rewritten_on=WRITTEN),
    RefTo("Image", r"(?P<name>[^:]+):(?P<item>\d+)", optional=True),
]


def _from_the_inventory(value: Any, info: ValidationInfo) -> Any:
    """What was filled in comes back as part of what was applied, and in no manifest."""
    if info.context is not RESTORED:
        raise ValueError("pfa-gitops fills it in: take it out")
    return value


FilledIn = Annotated[str | None, BeforeValidator(_from_the_inventory), Field(json_schema_extra={"readOnly": True})]


class WorkloadFields(Spec):
    """The image, the cluster and the files of a service or a job."""

    compute_config: ComputeConfigName | ComputeShape | None = None
    """The cluster: a ComputeConfig's name, with `:VERSION` to stay at a version, or a shape written out.
    Default: the cloud's default compute config."""
    image_uri: ImageName | None = None
    """The image: a URI in a registry, or `anyscale/image/NAME[:REVISION]`."""
    cluster_env: ClusterEnvName | None = None
    """The image by the older name: `NAME[:REVISION]`, the same as `anyscale/image/NAME[:REVISION]`."""
    containerfile: str | None = Field(default=None, min_length=1)
    """The path of a containerfile, relative to the project's directory; or its text, which has a line break."""
    ray_version: str | None = Field(default=None, pattern=RAY_VERSION)
    """The Ray version of the image in a registry, or of `containerfile`, where it counts only when that changes."""
    registry_login_secret: str | None = Field(default=None, min_length=1)
    """The name of the secret that holds the registry's login. Only with an `image_uri` in a registry."""
    requirements: Annotated[list[str] | str | None, AfterValidator(_or_none)] = None
    """Packages that pip installs, or the path of a requirements file, relative to the project's directory."""
    working_dir: str | None = Field(default=None, min_length=1)
    """A directory, relative to the project's directory, that is uploaded; or a URI such as s3://… or local:///app."""
    py_modules: Annotated[list[str] | None, AfterValidator(_or_none)] = None
    """Directories, relative to the project's directory, or URIs that are added to the Python path."""
    excludes: Annotated[list[str] | None, AfterValidator(_or_none)] = None
    """Globs of files that are not uploaded. `.git`, `.venv`, `venv` and `__pycache__` never are."""
    py_executable: str | None = Field(default=None, min_length=1)
    """The command that starts Ray's Python workers."""
    cloud: str | None = Field(default=None, min_length=1)
    """The Anyscale cloud. Default: the environment's, else the organisation's default."""
    project: str | None = Field(default=None, min_length=1)
    """The Anyscale project. Default: the environment's, else the cloud's default."""
    tags: Annotated[dict[str, str] | None, AfterValidator(_not_ours)] = None
    """Tags. While no manifest names this field, tags are neither read nor written, but for those that begin with
    `pfa-gitops.`: they tell whose a service is, and of what commit it was deployed."""
    files_digest: FilledIn = None
    """Filled in: a digest of the local directories in `working_dir` and `py_modules`, by which they are compared."""

    @model_validator(mode="after")
    def _check_one_image(self) -> "WorkloadFields":
        named = [name for name in IMAGE_FIELDS if getattr(self, name) is not None]
        if len(named) > 1:
            raise ValueError(f"give one of {' and '.join(named)}, not both")
        return self

    @model_validator(mode="after")
    def _check_image_details(self) -> "WorkloadFields":
        """Of its own images Anyscale knows them, and does not take them."""
        in_registry = self.image_uri is not None and not self.image_uri.startswith(ANYSCALES)
        if self.registry_login_secret is not None and not in_registry:
            raise ValueError("registry_login_secret goes with an image_uri in a registry only")
        if self.ray_version is not None and not in_registry and self.containerfile is None:
            raise ValueError("ray_version goes with containerfile or an image_uri in a registry only")
        return self


FieldsT = TypeVar("FieldsT", bound=WorkloadFields)
