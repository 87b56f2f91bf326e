"""The demo's people: one for every role, all with one password, workers also with a badge and a PIN."""

from __future__ import annotations

from dataclasses import dataclass

PASSWORD = "walk-pick-pack-ship"  # noqa: S105 (a demo on loopback; it is printed when the demo starts)


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody who can sign in: staff, or a member of the merchant with this code."""

    role: str
    name: str
    email: str
    merchant: str = ""
    badge: str = ""
    pin: str = ""


PEOPLE = (
    DemoPerson("admin", "Ruth Adeyemi", "ruth@northside.example"),
    DemoPerson("clerk", "Owen Price", "owen@northside.example"),
    DemoPerson("lead", "Marta Nowak", "marta@northside.example", badge="NSB-10001", pin="2580"),
    DemoPerson("worker", "Sam Okoro", "sam@northside.example", badge="NSB-10002", pin="1470"),
    DemoPerson("worker", "Lin Chen", "lin@northside.example", badge="NSB-10003", pin="3690"),
    DemoPerson("worker", "Dev Patel", "dev@northside.example", badge="NSB-10004", pin="1590"),
    DemoPerson("owner", "June Rye", "june@juniper.example", "JUNIPER"),
    DemoPerson("member", "Alf Berger", "alf@juniper.example", "JUNIPER"),
    DemoPerson("viewer", "Vera Stone", "vera@juniper.example", "JUNIPER"),
    DemoPerson("owner", "Leah Lindon", "leah@linenleaf.example", "LINEN"),
    DemoPerson("owner", "Nils Falk", "nils@nordpeak.example", "NORDPEAK"),
    DemoPerson("owner", "Paula Kite", "paula@paperkite.example", "PAPERKITE"),
)
