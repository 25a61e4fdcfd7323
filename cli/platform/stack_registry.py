"""The host's own package registries and trust: what builds get of them. Dynos never see any of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from cli.platform.registry_files import go_settings, maven_settings

HOST_BUNDLES = (Path("/etc/ssl/certs/ca-certificates.crt"), Path("/etc/pki/tls/certs/ca-bundle.crt"))

_PASSED_ON = (
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
    "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT", "PIP_RETRIES",
    "UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_HTTP_TIMEOUT", "UV_INSECURE_HOST",
    "NPM_CONFIG_REGISTRY", "npm_config_registry", "YARN_NPM_REGISTRY_SERVER",
    "GOPROXY", "GOSUMDB", "GONOSUMDB", "GONOSUMCHECK", "GONOPROXY", "GOPRIVATE", "GOINSECURE",
    "MVNW_REPOURL", "MVNW_USERNAME", "MVNW_PASSWORD",
)  # fmt: skip


def registry_env(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The registry settings of the host's environment and of its tools' files, under names that builds understand."""
    env = go_settings(environ) | maven_settings(environ)
    env |= {name: environ[name] for name in _PASSED_ON if environ.get(name)}
    for key, name in (("index-url", "PIP_INDEX_URL"), ("extra-index-url", "PIP_EXTRA_INDEX_URL")):
        value = _pip_setting(key)
        if value:
            env.setdefault(name, value)
    if "PIP_INDEX_URL" in env:
        env.setdefault("UV_DEFAULT_INDEX", env["PIP_INDEX_URL"])
    if "PIP_EXTRA_INDEX_URL" in env:
        env.setdefault("UV_INDEX", env["PIP_EXTRA_INDEX_URL"])
    if "PIP_DEFAULT_TIMEOUT" in env:
        env.setdefault("UV_HTTP_TIMEOUT", env["PIP_DEFAULT_TIMEOUT"])
    return env


def host_bundle(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The file of certificate authorities that this host trusts."""
    named = environ.get("SSL_CERT_FILE")
    for path in (*([Path(named)] if named else []), *HOST_BUNDLES):
        if path.is_file():
            return path
    return None


def _pip_setting(key: str) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", f"global.{key}"], capture_output=True, text=True, check=False
    )
    return " ".join(run.stdout.split()) if run.returncode == 0 else ""
