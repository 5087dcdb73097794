"""Our table of elements against the schema of OASIS: same elements, order, counts and values."""

import pytest

from rampart.wire.cap.layout import ALERT, PARTS

XS = "{http://www.w3.org/2001/XMLSchema}"


@pytest.fixture(scope="module")
def root(shared_data):
    etree = pytest.importorskip("lxml.etree", reason="lxml is not installed")
    return etree.parse(str(shared_data("cap/cap12.xsd"))).getroot()


def elements(root, name):
    (found,) = [e for e in root.iter(f"{XS}element") if e.get("name") == name]
    return [e for e in found.find(f"{XS}complexType/{XS}sequence") if e.tag == f"{XS}element"]


@pytest.mark.parametrize(("name", "part"), [("alert", ALERT), *PARTS.items()])
def test_elements_are_those_of_the_schema(root, name, part):
    theirs = elements(root, name)
    assert [slot.tag for slot in part.slots] == [e.get("name") for e in theirs]
    for slot, e in zip(part.slots, theirs, strict=True):
        assert slot.required == (e.get("minOccurs") != "0"), slot.tag
        assert slot.many == (e.get("maxOccurs") == "unbounded"), slot.tag
        values = [v.get("value") for v in e.iter(f"{XS}enumeration")] if slot.kind not in PARTS else []
        assert list(slot.values) == values, slot.tag
        dates = [r.get("base") for r in e.iter(f"{XS}restriction")] if slot.kind == "time" else ["xs:dateTime"]
        assert dates == ["xs:dateTime"], slot.tag
