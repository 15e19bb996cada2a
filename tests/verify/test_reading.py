"""Files that are no certificates."""

import gzip
from pathlib import Path

import pytest
from flint import fmpq

from bosearch.errors import CertificateError
from bosearch.verify import reading
from bosearch.verify.reading import Section, as_hex, as_rational, read_document


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"[]", "expected a JSON object, got a list"),
        (b"null", "expected a JSON object, got null"),
        (b"{} {}", "is not JSON"),
        (b'{"a": 1, "a": 2}', "key 'a' is repeated"),
        (b'{"a": NaN}', "NaN is not a number"),
        (b'{"a": -Infinity}', "-Infinity is not a number"),
        (b'{"a": ' + b"9" * 5000 + b"}", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"\xff\xfe{", "is not JSON"),
        (b"\x00", "is not JSON"),
    ],
)
def test_a_file_that_is_no_json_object_is_refused(
    content: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "certificate.json"
    path.write_bytes(content)
    with pytest.raises(CertificateError, match=message):
        read_document(path)


def test_missing_files_folders_and_large_files_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CertificateError, match="No such file"):
        read_document(tmp_path / "missing.json")
    with pytest.raises(CertificateError, match="Is a directory"):
        read_document(tmp_path)
    monkeypatch.setattr(reading, "MAX_BYTES", 10)
    path = tmp_path / "large.json"
    path.write_text('{"a": 100000}')
    with pytest.raises(CertificateError, match="at most 10 bytes"):
        read_document(path)


def test_a_compressed_file_is_read_and_a_damaged_one_refused(tmp_path: Path) -> None:
    path = tmp_path / "certificate.json.gz"
    whole = gzip.compress(b'{"a": "' + bytes(range(97, 123)) * 20 + b'"}')
    path.write_bytes(whole)
    assert list(read_document(path)) == ["a"]
    for end in range(1, len(whole)):
        path.write_bytes(whole[:end])
        with pytest.raises(CertificateError, match="cannot be decompressed"):
            read_document(path)
    for content in (b"{}", whole + b"garbage", whole[:20] + b"\x00" * 9 + whole[29:]):
        path.write_bytes(content)
        with pytest.raises(CertificateError, match="cannot be decompressed"):
            read_document(path)
    path.write_bytes(b"")
    with pytest.raises(CertificateError, match="is not JSON"):
        read_document(path)


def test_a_bomb_is_not_unpacked_beyond_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bomb.json.gz"
    path.write_bytes(gzip.compress(b" " * 10**7))
    assert path.stat().st_size < 20_000
    read = 0
    original = gzip.GzipFile.read

    def counted(file: gzip.GzipFile, size: int | None = -1) -> bytes:
        nonlocal read
        data = original(file, size)
        read += len(data)
        return data

    monkeypatch.setattr(gzip.GzipFile, "read", counted)
    monkeypatch.setattr(reading, "MAX_BYTES", 10**6)
    with pytest.raises(CertificateError, match="at most 1000000 bytes"):
        read_document(path)
    assert read == 10**6 + 1


def test_each_number_has_one_spelling() -> None:
    assert as_hex("-1f", "n") == -31
    assert as_rational("-3/4", "n") == fmpq(-3, 4)
    for text in ("0x1f", "1_f", "+1", "00", "", "1\n", "１"):
        with pytest.raises(CertificateError, match="hexadecimal"):
            as_hex(text, "n")
    for text in ("3/1", "2/4", "1/0", "0/5", "1.5", "+1", "1/-2", "1\n"):
        with pytest.raises(CertificateError, match=r"rational|lowest"):
            as_rational(text, "n")


def test_errors_stay_short_whatever_the_value() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    section = Section(
        {"n": "x" * 10**5, "deep": deep, "big": 10**5000}, "file", ("n", "deep", "big")
    )
    for key in ("n", "deep", "big"):
        with pytest.raises(CertificateError) as caught:
            section.integer(key, 0, 9)
        assert len(str(caught.value)) < 120


def test_optional_keys_may_be_there_and_others_may_not() -> None:
    for value in ({"a": 1}, {"a": 1, "b": 2}):
        assert Section(value, "here", ("a",), optional=("b",)).value == value
    with pytest.raises(CertificateError, match="here: unknown key 'c'"):
        Section({"a": 1, "c": 2}, "here", ("a",), optional=("b",))
    with pytest.raises(CertificateError, match="here: key 'a' is missing"):
        Section({"b": 2}, "here", ("a",), optional=("b",))
