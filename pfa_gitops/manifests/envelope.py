"""What every document says around its spec: apiVersion, kind, metadata. Pure."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

NAME = r"^[A-Za-z0-9_]([A-Za-z0-9_. -]{0,198}[A-Za-z0-9_.-])?$"
"""Letters, digits, `_`, `-`, `.`, and spaces inside; at most 200. What a platform allows beyond: `spec.name`."""


class Metadata(BaseModel):
    """What a manifest is called, and what is said about it."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    name: Annotated[str, StringConstraints(pattern=NAME)]
    """The manifest's name, unique within its kind. Letters, digits, `.`, `_`, `-` and spaces inside."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Text by name; overrides choose manifests by them."""
    annotations: dict[str, str] = Field(default_factory=dict)
    """Text by name, for people and other tools."""
    adopt: bool = False
    """Whether an object of that name that exists already, and is nobody's, becomes this project's."""
    protect: bool = False
    """Whether the object is never deleted or replaced, also when its manifest is gone."""


class Envelope(BaseModel):
    """A document, its spec not looked at."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    api_version: Literal["pfa-gitops/v1"] = Field(alias="apiVersion")
    """Always `pfa-gitops/v1`."""
    kind: str
    """What the document describes, e.g. `Deployment`."""
    metadata: Metadata
    """What the manifest is called: `metadata: {name: …}`."""
    spec: dict[str, Any] = Field(default_factory=dict)
    """The object itself."""
