"""MinIO's part of `up`: random root credentials, two buckets, one narrow user a part."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

import urllib3
from minio import Minio, MinioAdmin
from minio.commonconfig import ENABLED, Filter
from minio.credentials.providers import StaticProvider
from minio.error import MinioAdminException, MinioException
from minio.lifecycleconfig import AbortIncompleteMultipartUpload, Expiration, LifecycleConfig, Rule

from cli.platform import files
from cli.platform.instance import MINIO_USER, Instance
from cli.platform.problem import Problem
from cli.platform.progress import wait_for
from cli.platform.rest import Rest

BUCKETS = ("slugs", "sources")
_SOURCE_DAYS = 7
"""A source is of use until its build ended; what nobody removed goes after this."""

_ACTIONS = {
    "control": [
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:AbortMultipartUpload",
        "s3:ListMultipartUploadParts",
    ],
    "node": ["s3:GetObject"],
}


class MinioServer:
    """Sets up this instance's MinIO."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._file = instance.secrets / "minio.json"
        self._endpoint = f"{instance.inside}:{instance.port('minio')}"

    def credentials(self) -> dict[str, str]:
        """Access and secret keys: `root_…` for `up` alone, then one pair a part."""
        known = files.read_json(self._file)
        for who in ("root", *_ACTIONS):
            known.setdefault(f"{who}_access_key", f"nomapaas-{who}")
            known.setdefault(f"{who}_secret_key", secrets.token_hex(20))
        files.write_json(self._file, known)
        return known

    def configure(self) -> None:
        """Write the file that MinIO reads its root credentials from."""
        known = self.credentials()
        lines = [
            f'export MINIO_ROOT_USER="{known["root_access_key"]}"',
            f'export MINIO_ROOT_PASSWORD="{known["root_secret_key"]}"',
        ]
        files.write(self._instance.etc / "minio" / "root.env", "\n".join(lines) + "\n", mode=0o400, user=MINIO_USER)

    def argv(self, binary: str) -> list[str]:
        """How MinIO is run."""
        listen = self._instance.bind
        return [
            binary,
            "server",
            "--quiet",
            "--address",
            f"{listen}:{self._instance.port('minio')}",
            "--console-address",
            f"127.0.0.1:{self._instance.port('minio_console')}",
            str(self._instance.home / "minio"),
        ]

    def env(self) -> dict[str, str]:
        """MinIO's environment; the credentials are in the file, not here."""
        return {
            "HOME": str(self._instance.home / "minio"),
            "MINIO_CONFIG_ENV_FILE": str(self._instance.etc / "minio" / "root.env"),
            "MINIO_UPDATE": "off",
            "MINIO_BROWSER_LOGIN_ANIMATION": "off",
        }

    def wait(self) -> None:
        """Return when MinIO serves."""
        api = Rest("MinIO", f"http://{self._endpoint}")

        def ready() -> bool:
            answer = api.answers("/minio/health/ready")
            return answer is not None and answer.status_code == 200

        wait_for(ready, seconds=60, problem=f"MinIO did not become ready; {self._instance.logs}/minio.log says why.")

    def set_up(self) -> None:
        """Make buckets, policies and users. Idempotent."""
        known = self.credentials()
        root = (known["root_access_key"], known["root_secret_key"])
        pool = urllib3.PoolManager(timeout=10, retries=urllib3.Retry(total=3, backoff_factor=0.2))
        client = Minio(endpoint=self._endpoint, access_key=root[0], secret_key=root[1], secure=False, http_client=pool)
        admin = MinioAdmin(endpoint=self._endpoint, credentials=StaticProvider(*root), secure=False, http_client=pool)
        try:
            for bucket in BUCKETS:
                if not client.bucket_exists(bucket_name=bucket):
                    client.make_bucket(bucket_name=bucket)
            client.set_bucket_lifecycle(bucket_name="sources", config=_lifecycle())
            for part, actions in _ACTIONS.items():
                admin.policy_add(f"nomapaas-{part}", policy=_policy(actions))
                admin.user_add(known[f"{part}_access_key"], known[f"{part}_secret_key"])
                admin.policy_set(f"nomapaas-{part}", user=known[f"{part}_access_key"])
        except (MinioException, MinioAdminException, urllib3.exceptions.HTTPError) as exc:
            raise Problem(f"MinIO refused its set-up: {exc}.") from exc
        finally:
            pool.clear()


def _lifecycle() -> LifecycleConfig:
    rule = Rule(
        status=ENABLED,
        rule_id="forgotten",
        rule_filter=Filter(prefix=""),
        expiration=Expiration(days=_SOURCE_DAYS),
        abort_incomplete_multipart_upload=AbortIncompleteMultipartUpload(days_after_initiation=timedelta(days=1).days),
    )
    return LifecycleConfig([rule])


def _policy(actions: list[str]) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": actions, "Resource": [f"arn:aws:s3:::{b}/*" for b in BUCKETS]},
            {
                "Effect": "Allow",
                "Action": ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"],
                "Resource": [f"arn:aws:s3:::{b}" for b in BUCKETS],
            },
        ],
    }
