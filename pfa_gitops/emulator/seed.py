"""What an Anyscale organization has from its first day: a user, a cloud, the default project and compute config."""

from pfa_gitops.emulator.identity import new_id, now
from pfa_gitops.emulator.store import Doc, Store


def seed(store: Store) -> None:
    """Fill an empty store; a store that has a user is left as it is."""
    if store.find("user"):
        return
    with store.together():  # a half that a signal leaves behind would count as filled for ever
        user = store.insert("user", _user())
        first = store.insert("cloud", cloud("local-cloud", user["id"], is_default=True))
        store.insert("project", project("default", first["id"], user["id"], is_default=True))
        store.insert("compute_config", default_compute_config(first, user["id"]))


def project(name: str, cloud_id: str, creator_id: str, is_default: bool = False) -> Doc:
    """A project in both APIs' shapes at once: each reads its own fields and ignores the rest."""
    return {
        "id": new_id("prj"),
        "name": name,
        "description": "",
        "created_at": now(),
        "creator_id": creator_id,
        "parent_cloud_id": cloud_id,
        "organization_id": "org_local",
        "directory_name": name,
        "cluster_config": "{}",
        "is_default": is_default,
        "is_owner": True,
        "is_read_only": False,
    }


def _user() -> Doc:
    organization = {
        "id": "org_local",
        "name": "local",
        "public_identifier": "local",
        "is_general_platform_enabled": True,
        "is_private_endpoints_enabled": False,
        "is_usage_blocked": False,
    }
    return {
        "id": new_id("usr"),
        "name": "Local",
        "lastname": "User",
        "username": "local@example.com",
        "email": "local@example.com",
        "verified": True,
        "organization_permission_level": "owner",
        "organization_ids": [organization["id"]],
        "organizations": [organization],
        "ld_hash": "",
        "ld_hash_fields": [],
        "pylon_hash": "",
    }


def cloud(name: str, creator_id: str, is_default: bool = False) -> Doc:
    """A cloud in both APIs' shape."""
    return {
        "id": new_id("cld"),
        "name": name,
        "provider": "AWS",
        "region": "us-west-2",
        "credentials": "{}",
        "type": "PUBLIC",
        "compute_stack": "VM",
        "creator_id": creator_id,
        "created_at": now(),
        "is_default": is_default,
        "customer_aggregated_logs_config_id": "none",
        "state": "ACTIVE",
        "status": "ready",
    }


def default_compute_config(of_cloud: Doc, creator_id: str) -> Doc:
    """What a job or service of a cloud gets when it names no compute config."""
    # Anonymous, as it stands in nobody's list of compute configs.
    return {
        "id": new_id("cpt"),
        "name": f"default-{of_cloud['id']}",
        "version": 1,
        "anonymous": True,
        "is_default": True,
        "creator_id": creator_id,
        "organization_id": "org_local",
        "created_at": now(),
        "last_modified_at": now(),
        "archived_at": None,
        "config": {
            "cloud_id": of_cloud["id"],
            "head_node_type": {"name": "head", "instance_type": "m5.2xlarge"},
            "worker_node_types": [],
            "auto_select_worker_config": True,
            "flags": {},
        },
    }
