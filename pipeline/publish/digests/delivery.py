"""Hand digests over: folder, e-mail, webhook. Each once a release; a failure is told and tried again."""

from __future__ import annotations

import json
import smtplib
import ssl
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any

from pipeline import layout
from pipeline.codebook import Codebook
from pipeline.config import DigestConfig, PublishConfig, SmtpConfig
from pipeline.errors import MiroirError, SinkError
from pipeline.publish.digests.routing import Digest, make_digest
from pipeline.publish.health import DIGESTS_FILE
from pipeline.publish.pages.french import period_text
from pipeline.publish.reading import Snapshot
from pipeline.publish.sinks.opening import first_words, resolve
from pipeline.workspace import Workspace

TIMEOUT_SECONDS = 20

# Posts a payload to an address; `flows/` gives one that knows Prefect blocks.
Post = Callable[[str, Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Handover:
    """What became of one digest on one way.

    Attributes:
        department: Whose.
        way: `folder`, `email` or `webhook`.
        is_skipped: Whether it was handed over before, or there is nothing to show.
        error: Why not; null when it went well.
    """

    department: str
    way: str
    is_skipped: bool
    error: str | None


def deliver_digests(
    workspace: Workspace,
    snapshot: Snapshot,
    config: PublishConfig,
    codebook: Codebook,
    post: Post | None = None,
) -> list[Handover]:
    """Hand over every digest that the release calls for.

    Args:
        workspace: `status/digests.json` there remembers what was handed over.
        snapshot: The release.
        config: Departments, what concerns them, how they receive it; the mail server.
        codebook: Names of themes.
        post: How a payload is posted; null: over HTTP.

    Returns:
        One entry a department and way.
    """
    delivered = _read_delivered(workspace)
    failed: dict[str, dict[str, str]] = {}
    handovers = []
    for wanted in config.digests:
        ways = _ways(wanted, config.smtp, post or post_json)
        try:
            digest = make_digest(snapshot, wanted, codebook)
        except SinkError as error:
            made = [Handover(wanted.department, way, False, str(error)) for way, _ in ways]
        else:
            made = []
            for way, hand_over in ways:
                key = f"{digest.stem}/{way}"
                if delivered.get(key) == digest.release_id or digest.n_figures == 0:
                    made.append(Handover(wanted.department, way, True, None))
                    continue
                made.append(_try(digest, way, hand_over))
                if made[-1].error is None:
                    delivered[key] = digest.release_id
                    _remember(workspace, delivered, failed)
        handovers += made
        failed |= {f"{wanted.stem}/{each.way}": _failure(each.error) for each in made if each.error}
    if handovers:
        _remember(workspace, delivered, failed)
    return handovers


def _read_delivered(workspace: Workspace) -> dict[str, str]:
    if not workspace.exists(layout.STATUS, DIGESTS_FILE):
        return {}
    return dict(workspace.read_json(layout.STATUS, DIGESTS_FILE)["delivered"])


def _remember(
    workspace: Workspace, delivered: Mapping[str, str], failed: Mapping[str, Mapping[str, str]]
) -> None:
    content = {"at": _now(), "delivered": delivered, "failed": failed}
    workspace.write_json(content, layout.STATUS, DIGESTS_FILE)


def _failure(error: str) -> dict[str, str]:
    return {"at": _now(), "error": error}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _ways(
    config: DigestConfig, smtp: SmtpConfig, post: Post
) -> Sequence[tuple[str, Callable[[Digest], None]]]:
    ways: list[tuple[str, Callable[[Digest], None]]] = []
    folder, emails, webhook = config.folder, config.emails, config.webhook
    if folder is not None:
        ways.append(("folder", lambda digest: write_folder(digest, folder)))
    if emails:
        ways.append(("email", lambda digest: send_email(digest, emails, smtp)))
    if webhook is not None:
        ways.append(("webhook", lambda digest: post(webhook, payload(digest))))
    return ways


def _try(digest: Digest, way: str, hand_over: Callable[[Digest], None]) -> Handover:
    try:
        hand_over(digest)
    except Exception as error:  # drivers of stores raise errors of their own kinds
        told = error if isinstance(error, MiroirError) else _failed(digest.department, way, error)
        return Handover(digest.department, way, False, str(told))
    return Handover(digest.department, way, False, None)


def _failed(department: str, way: str, error: Exception) -> SinkError:
    return SinkError.because(
        f"the digest of «{department}» was not handed over",
        expected=f"its page and its figures by {way}",
        got=first_words(error),
        where="they have the one before",
        do="Mend it and run `miroir digests`",
    )


def write_folder(digest: Digest, folder: str) -> None:
    """Put the page and the CSV into a folder, each whole; those of the release before are replaced.

    Raises:
        SinkError: The folder cannot be written.
    """
    target = Workspace(folder)
    try:
        target.write_bytes(digest.html.encode(), f"{digest.stem}.html")
        target.write_bytes(digest.csv, f"{digest.stem}.csv")
    except OSError as error:
        raise _failed(digest.department, "folder", error) from error


def send_email(digest: Digest, addresses: Sequence[str], smtp: SmtpConfig) -> None:
    """Send the page, with itself and the CSV attached.

    Raises:
        SinkError: The server cannot be reached, or refuses an address: nobody is passed over in silence.
    """
    message = EmailMessage()
    period = period_text(digest.period, "fr")
    message["Subject"] = f"Miroir, {digest.department} : {period}"
    message["From"] = smtp.sender
    message["To"] = ", ".join(addresses)
    # Servers that relay add neither; without them a message is undated, or taken for spam.
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain=smtp.sender.rpartition("@")[2])
    message.set_content(f"{digest.department}, {period} : la page et les chiffres sont en pièces jointes.\n")
    message.add_attachment(
        digest.html.encode(), maintype="text", subtype="html", filename=f"{digest.stem}.html"
    )
    message.add_attachment(digest.csv, maintype="text", subtype="csv", filename=f"{digest.stem}.csv")
    try:
        with smtplib.SMTP(smtp.host, smtp.port, timeout=TIMEOUT_SECONDS) as server:
            if smtp.starttls:
                # Without a context, smtplib takes any certificate: whoever answers would read the digest.
                server.starttls(context=ssl.create_default_context())
            if smtp.username and smtp.password:
                server.login(smtp.username, resolve(smtp.password, digest.department))
            refused = server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        raise _failed(digest.department, "email", error) from error
    if refused:
        ranks = [str(rank) for rank, address in enumerate(addresses, start=1) if address in refused]
        raise SinkError.because(
            "the digest did not reach everybody",
            expected="a server that takes every address",
            got=f"{len(refused)} of {len(addresses)} refused (in order: {', '.join(ranks)})",
            where=f"department «{digest.department}»",
            do="Mend `emails` and run `miroir digests`: until then, those who have it receive it again",
        )


def payload(digest: Digest) -> dict[str, Any]:
    """Give a digest as JSON knows it."""
    return {
        "department": digest.department,
        "release_id": digest.release_id,
        "period": digest.period,
        "n_figures": digest.n_figures,
        "html": digest.html,
        "csv": digest.csv.decode("utf-8-sig"),
    }


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Takes a redirection for the refusal that it is: followed, it would lose what is posted."""

    def redirect_request(self, *_: object) -> None:
        """Follow none."""


def post_json(address: str, content: Mapping[str, Any]) -> None:
    """Post a payload over HTTP.

    Raises:
        SinkError: The address is no HTTP address.
        OSError: It cannot be reached, refuses, or points elsewhere.
    """
    url = resolve(address, "webhook")
    if not url.startswith(("https://", "http://")):
        raise SinkError.because(
            "the digest cannot be posted",
            expected="an address that begins with https:// or http://",
            got=f"«{url.split(':')[0]}:…»",
            where="publish.digests.webhook",
            do="Mend it; a Prefect block works in the flow `deliver` alone",
        )
    body = json.dumps(content, ensure_ascii=False).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT_SECONDS):
        pass
