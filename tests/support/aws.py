"""AWS Secrets Manager as moto's server plays it: for code that uses the real boto3, in this process or another."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import boto3
from moto.server import ThreadedMotoServer


@dataclass(frozen=True)
class SecretsManager:
    """A running server. `environment` leads a process's boto3 to it, with credentials that are none."""

    url: str
    region: str = "us-west-2"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def put(self, name: str, value: str) -> None:
        """Create a secret, or change its value."""
        client = boto3.client(
            "secretsmanager",
            region_name=self.region,
            endpoint_url=self.url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        if name in {secret["Name"] for secret in client.list_secrets()["SecretList"]}:
            client.put_secret_value(SecretId=name, SecretString=value)
        else:
            client.create_secret(Name=name, SecretString=value)


@contextmanager
def run_secrets_manager() -> Iterator[SecretsManager]:
    """Start moto's server on a free port, and stop it at the end."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield SecretsManager(f"http://{host}:{port}")
    finally:
        server.stop()
