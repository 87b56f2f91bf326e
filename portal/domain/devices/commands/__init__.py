"""The only writers of devices and scans: `tablets` enrols and unlocks, `entry` signs workers in, `scans` answers scans."""

from __future__ import annotations

from portal.domain.devices.commands.entry import count_sign_in, enter_by_badge, enter_by_pin
from portal.domain.devices.commands.scans import answer_scan
from portal.domain.devices.commands.tablets import enrol_device, revoke_device, unlock_device

__all__ = [
    "answer_scan",
    "count_sign_in",
    "enrol_device",
    "enter_by_badge",
    "enter_by_pin",
    "revoke_device",
    "unlock_device",
]
