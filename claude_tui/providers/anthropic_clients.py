"""The SDK's clients, the API's own and those for Claude on other platforms: one wire, another constructor each.

What a platform needs beside the SDK is an extra; that it is missing, or that no credentials are there, is a sentence.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from claude_tui.config_providers import Section
from claude_tui.domain.errors import ErrorInfo, ErrorKind, ProviderError
from claude_tui.domain.text import safe_line
from claude_tui.logs import redact

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic


@dataclass(frozen=True, slots=True)
class Platform:
    """One row of the table.

    `client`: the name of the SDK's class. `needs`: a module that must be there, `extra` what brings it, unless one of the variables
    in `instead` is set or the section names a key. `variables`: where its credentials come from, for `doctor` and the first screen.
    `wants`: what must be known beside the key, each a name in the section and the variables that do as well; one of each row.
    `arguments`: what its constructor is given for a section and a key.
    """

    title: str
    client: str
    needs: str
    extra: str
    variables: tuple[str, ...]
    wants: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    arguments: Callable[[Section, str | None], dict[str, Any]]
    instead: tuple[str, ...] = ()


def _bedrock(section: Section, key: str | None) -> dict[str, Any]:
    return {"aws_region": section.region, "aws_profile": section.profile, "api_key": key, "base_url": section.base_url}


def _vertex(section: Section, key: str | None) -> dict[str, Any]:
    given = {"region": section.region, "project_id": section.project, "base_url": section.base_url, "access_token": key}
    return {name: value for name, value in given.items() if value is not None}


def _foundry(section: Section, key: str | None) -> dict[str, Any]:
    return {"resource": section.resource, "base_url": section.base_url, "api_key": key}


PLATFORMS: Mapping[str, Platform] = {
    "bedrock": Platform(
        "Amazon Bedrock",
        "AsyncAnthropicBedrockMantle",
        "boto3",
        "bedrock",
        ("AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID", "AWS_PROFILE"),
        ((("region", "base_url", "profile"), ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE")),),
        _bedrock,
        instead=("AWS_BEARER_TOKEN_BEDROCK",),
    ),
    "vertex": Platform(
        "Google Vertex AI",
        "AsyncAnthropicVertex",
        "google.auth",
        "vertex",
        ("GOOGLE_APPLICATION_CREDENTIALS", "ANTHROPIC_VERTEX_PROJECT_ID"),
        ((("region",), ("CLOUD_ML_REGION",)),),
        _vertex,
    ),
    "foundry": Platform(
        "Microsoft Foundry",
        "AsyncAnthropicFoundry",
        "anthropic",
        "foundry",
        ("ANTHROPIC_FOUNDRY_API_KEY",),
        ((("resource", "base_url"), ("ANTHROPIC_FOUNDRY_RESOURCE", "ANTHROPIC_FOUNDRY_BASE_URL")),),
        _foundry,
    ),
}


def make_client(section: Section, key: str | None, common: Mapping[str, Any]) -> AsyncAnthropic:
    """The client of this section. `common`: what every constructor takes. Any failure is a ProviderError."""
    import anthropic

    if section.platform is None:
        return anthropic.AsyncAnthropic(api_key=key, base_url=section.base_url, **common)
    platform = PLATFORMS[section.platform]
    if not key and (extra := missing_extra(section)):
        text = f"{platform.title} needs more than is installed: pip install 'claude-tui-chat[{extra}]'."
        raise ProviderError(ErrorInfo(ErrorKind.INVALID_REQUEST, text))
    for names, variables in platform.wants:
        if not any(getattr(section, name) for name in names) and not any(os.environ.get(name) for name in variables):
            text = f'{platform.title} needs a {names[0]}: write {names[0]} = "…" into its section, or set {variables[0]}.'
            raise ProviderError(ErrorInfo(ErrorKind.CREDENTIALS, text))
    try:
        return cast("AsyncAnthropic", getattr(anthropic, platform.client)(**platform.arguments(section, key), **common))
    except Exception as error:  # each of them says in its own way what is missing
        raise no_credentials(section.platform, error) from error


def missing_extra(section: Section) -> str:
    """The extra that a platform needs where no key of its own is given; empty where nothing is missing."""
    platform = PLATFORMS[section.platform or ""]
    there = any(os.environ.get(name) for name in platform.instead) or _is_there(platform.needs)
    return "" if there else platform.extra


def no_credentials(platform: str, error: Exception) -> ProviderError:
    """What a platform's own tools say where they find no credentials; they do so when the first request is signed."""
    text = f"{PLATFORMS[platform].title} cannot be asked: {error}"
    return ProviderError(ErrorInfo(ErrorKind.CREDENTIALS, safe_line(redact(text), 600)))


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package it would be in
        return False


def found_variables(platform: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Which variables of this platform are set; its tools find credentials elsewhere too."""
    row = PLATFORMS[platform]
    return tuple(name for name in row.variables if environ.get(name)) or (f"as {row.title} finds them",)
