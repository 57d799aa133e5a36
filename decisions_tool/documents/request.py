"""``001-user-request.md``: a person's words, above them the state of the task. Pure."""

from typing import ClassVar, Literal

from pydantic import Field

from decisions_tool.documents.base import Meta
from decisions_tool.documents.written import Opening, OpeningMeta


class RequestMeta(OpeningMeta):
    panel: Literal["none", "mini", "full"] | None = Field(None, description="panel wanted, over the rule")


class Request(Opening):
    """The request keeps every character that the person wrote."""

    KIND: ClassVar[str] = "request"
    META: ClassVar[type[Meta]] = RequestMeta
    meta: RequestMeta
