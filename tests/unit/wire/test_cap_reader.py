"""CAP: what the reader takes and what it refuses, by reason, without ever following or expanding anything."""

import pytest

from rampart.wire.cap import read_alert, write_alert
from rampart.wire.message_error import MessageError
from rampart.wire.xml import MAX_DEPTH, parse_xml

from .messages import alert

GOOD = write_alert(alert()).decode()
BODY = GOOD.partition("\n")[2]


def reason(data):
    with pytest.raises(MessageError) as found:
        read_alert(data.encode() if isinstance(data, str) else data)
    return found.value.reason


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("<scope>Public</scope>", "", "missing_element"),
        ("<scope>Public</scope>", "<scope>Public</scope><scope>Public</scope>", "repeated_element"),
        ("<scope>Public</scope>", "<scope> Public</scope>", "value"),
        ("<scope>Public</scope>", "<scope>public</scope>", "value"),
        ("<scope>Public</scope>", "<scope>Public</scope><colour>red</colour>", "unknown_element"),
        ("<scope>Public</scope>", "<scope>Public<b/></scope>", "unknown_element"),
        ("<scope>Public</scope>", "<scope kind='x'>Public</scope>", "attribute"),
        ("<scope>Public</scope>", "<scope>Public</scope>words", "stray_text"),
        ("<status>Exercise</status>", "<status>Real</status>", "value"),
        ("cap:1.2", "cap:1.1", "not_cap_1_2"),
        ("2021-07-05T21:00:19+00:00</sent>", "2021-07-05T21:00:19Z</sent>", "time"),
        ("2021-07-05T21:00:19+00:00</sent>", "2021-07-05T21:00:19.5+00:00</sent>", "time"),
        ("2021-07-05T21:00:19+00:00</sent>", "2021-02-30T21:00:19+00:00</sent>", "time"),
        ("2021-07-05T21:00:19+00:00</sent>", "2021-07-05T21:00:19+15:00</sent>", "time"),
        ("2021-07-05T21:00:19+00:00</sent>", "2021-07-05T21:00:19,00:00</sent>", "time"),
        ("2021-07-05T21:00:19+00:00</sent>", "0000-07-05T21:00:19+00:00</sent>", "time"),
        ("33.000000,44.000000 ", "33.000000;44.000000 ", "polygon"),
        ("33.000000,44.000000 ", "3.3e1,44.000000 ", "polygon"),
        ("33.000000,44.000000 ", "nan,44.000000 ", "polygon"),
        ("33.000000,44.000000 ", "\u0663\u0663.0,44.000000 ", "polygon"),
        ("33.000000,44.000000 ", "34.000000,44.000000 ", "polygon_open"),
        ("<language>en</language>", "<language>english language</language>", "language"),
        ("</polygon>", "</polygon><circle>33,44</circle>", "circle"),
        ("</polygon>", "</polygon><circle>33,44 1e3</circle>", "circle"),
        ("</polygon>", "</polygon><altitude>high</altitude>", "decimal"),
        ("<status>Exercise</status>", "", "missing_element"),
        ("<msgType>Alert</msgType>", "<msgType>Update</msgType>", "references_missing"),
        ("<area>", "<web>no address</web><area>", "uri"),
        ("<area>", "<web>page.html</web><area>", "uri_relative"),
        ("<area>", "<parameter><valueName>x</valueName></parameter><area>", "missing_element"),
        ("<area>", "<resource><resourceDesc>x</resourceDesc><mimeType>y</mimeType><size>big</size></resource><area>",
         "integer"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(old, new, expected, schema):
    assert old in GOOD
    assert reason(GOOD.replace(old, new, 1)) == expected


def test_order_matters_as_in_the_schema():
    moved = GOOD.replace(" <scope>Public</scope>\n", "").replace(" <status>", " <scope>Public</scope>\n <status>")
    assert reason(moved) == "order"


def test_references_are_checked_word_by_word():
    update = GOOD.replace("<msgType>Alert", "<msgType>Update")
    for text, expected in (
        ("a,b", "references"),
        ("a,b,now", "references"),
        ("a,,2021-07-05T21:00:19+00:00", "references"),
        ("", "references_missing"),
        ("a,b,2021-07-05T21:00:20+00:00", "reference_later"),
    ):
        line = f"<scope>Public</scope><references>{text}</references>"
        assert reason(update.replace("<scope>Public</scope>", line)) == expected
    two = "a,b,2021-07-05T23:00:18+02:00\n\tc,d,2021-07-05T21:00:19-00:00"
    read = read_alert(
        update.replace("<scope>Public</scope>", f"<scope>Public</scope><references>{two}</references>").encode()
    )
    assert [r.identifier for r in read.references] == ["b", "d"]
    assert read.references[1].sent_ns - read.references[0].sent_ns == 10**9


@pytest.mark.parametrize(
    "prolog",
    [
        "<!DOCTYPE alert>",
        '<!DOCTYPE alert SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE alert [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE alert [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>',
        '<!DOCTYPE alert [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x"> %p;]>',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_doctype_is_refused_in_any_encoding_whatever_it_declares(prolog, encoding):
    assert reason((prolog + BODY).encode(encoding)) == "doctype"


def test_an_entity_without_doctype_is_no_xml():
    assert reason(GOOD.replace("North", "&xxe;")) == "not_well_formed"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"\xff\xfe", "not_well_formed"),
        (b"not xml", "not_well_formed"),
        (b"<alert>", "not_well_formed"),
        (b"<?xml version='.1'?><alert/>", "not_well_formed"),
        (b"<?xml version='1.0' encoding='utf-7'?><alert/>", "encoding"),
        (b"<?xml version='1.0' encoding='no-such'?><alert/>", "encoding"),
        (b"<?xml version='1.0' encoding='base64'?><alert/>", "encoding"),
        (BODY.encode().replace(b"North", b"N\xf6rth"), "not_well_formed"),
        (b"<?xml version='1.0' encoding='utf-16'?>" + BODY.encode(), "encoding"),
        (BODY.encode().replace(b"North", b"N\x00rth"), "not_well_formed"),
        (BODY.encode().replace(b"North", b"&#0;"), "not_well_formed"),
        (b"<alert>" * (MAX_DEPTH + 1), "too_deep"),
        (b"<alert>" + b"<a/>" * 20_000 + b"</alert>", "too_many_elements"),
        (b"<alert " + b" " * 300_000 + b"/>", "too_long"),
        (BODY.encode() + b"<alert/>", "not_well_formed"),
    ],
)
def test_what_is_no_message_is_refused_by_reason(data, expected):
    assert reason(data) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
def test_encodings_that_are_declared_are_read(encoding):
    declared = encoding.removesuffix("-sig")
    data = f'<?xml version="1.0" encoding="{declared}"?>\n{BODY.replace("North", "Nörd")}'.encode(encoding)
    assert read_alert(data).info[0].area[0].area_desc == "Nörd"


def test_comments_and_instructions_are_passed_over_and_a_signature_is_noticed():
    assert read_alert(GOOD.replace("<scope>", "<!-- <scope> --><?x y?><scope>").encode()) == alert()
    signature = '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo/></Signature>'
    assert read_alert(GOOD.replace("</alert>", f"{signature}</alert>").encode()).signed
    assert reason(GOOD.replace("<scope>", f"{signature}<scope>")) == "order"
    assert reason(GOOD.replace("</alert>", "<Signature xmlns='urn:other'/></alert>")) == "unknown_element"


def test_a_prefix_for_the_namespace_is_as_good_as_none():
    prefixed = BODY.replace("</", "</cap:").replace("<", "<cap:").replace("<cap:/cap:", "</cap:")
    assert read_alert(prefixed.replace("xmlns=", "xmlns:cap=").encode()) == alert()


def test_elements_of_no_namespace_are_not_cap():
    assert reason(BODY.replace(' xmlns="urn:oasis:names:tc:emergency:cap:1.2"', "")) == "not_cap_1_2"


def test_parsed_xml_can_be_walked():
    root = parse_xml(b"<a><b><c/></b><b/></a>")
    assert [e.name for e in root.walk()] == ["a", "b", "c", "b"]
    assert root.find("z") is None
