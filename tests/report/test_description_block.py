"""The block in a description: nothing around it ever changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlflow_bce_monitor.report.description_block import with_block, without_block

RUN = "3f" * 16
OTHER_RUN = "a0" * 16
BODIES = st.text().filter(lambda body: body.strip("\n") == body)
# Texts that hold pieces of our own markers far more often than chance would.
PIECES = st.sampled_from(
    [
        "\n",
        "\n\n",
        "\r\n",
        "```",
        " ",
        "\u2028",
        "é損",
        "<!--",
        "-->",
        f"<!-- bce-monitor:begin run={RUN} newlines=2 -->",
        f"<!-- bce-monitor:end run={RUN} -->",
        f"<!-- bce-monitor:begin run={OTHER_RUN} newlines=0 -->\n.\n<!-- bce-monitor:end run={OTHER_RUN} -->",
    ]
)
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=8).map("".join)
# Texts without a complete block of this run: there a first insertion appends.
OWN_TEXTS = TEXTS.filter(lambda text: without_block(text, RUN) == text)


@given(text=OWN_TEXTS, body=BODIES)
def test_taking_the_block_out_gives_the_text_back(text: str, body: str) -> None:
    """Whatever a user wrote, inserting and removing the block leaves every character as it was."""
    assert without_block(with_block(text, body, RUN), RUN) == text


@given(text=OWN_TEXTS, first=BODIES, second=BODIES)
def test_replacing_is_the_same_as_inserting_anew(text: str, first: str, second: str) -> None:
    """A second answer takes the place of the first and leaves no trace of it."""
    replaced = with_block(with_block(text, first, RUN), second, RUN)
    assert replaced == with_block(text, second, RUN)
    assert with_block(replaced, second, RUN) == replaced


@given(
    before=OWN_TEXTS, after=st.text(alphabet=st.characters(exclude_characters="<"), max_size=20), body=BODIES
)
def test_text_written_after_the_block_stays_there(before: str, after: str, body: str) -> None:
    """What a user adds below the block survives its replacement and its removal."""
    written = with_block(before, "first", RUN) + after
    assert with_block(written, body, RUN) == with_block(before, body, RUN) + after
    assert without_block(written, RUN) == before + after


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "{block}"),
        ("A note.", "A note.\n\n{block}"),
        ("A note.\n", "A note.\n\n{block}"),
        ("A note.\n\n", "A note.\n\n{block}"),
        ("```\ncode\n```", "```\ncode\n```\n\n{block}"),
    ],
)
def test_the_block_is_a_paragraph_of_its_own(text: str, expected: str) -> None:
    """The block starts after an empty line, so that it neither joins a paragraph nor ends in a code fence."""
    written = with_block(text, "BODY", RUN)
    start = written.index("<!--")
    assert written[:start] == expected.removesuffix("{block}")
    assert "BODY" in written[start:]


def test_a_block_of_another_run_is_the_users_text() -> None:
    """A block quoted from another run's description is neither replaced nor removed."""
    quoted = with_block("", "theirs", OTHER_RUN)
    assert without_block(quoted, RUN) == quoted
    assert with_block(quoted, "ours", RUN).startswith(quoted)


def test_a_comment_in_the_body_cannot_end_the_block() -> None:
    """A body that holds our own end marker is still taken out whole."""
    body = f"text <!-- bce-monitor:end run={RUN} --> more"
    assert without_block(with_block("mine", body, RUN), RUN) == "mine"
