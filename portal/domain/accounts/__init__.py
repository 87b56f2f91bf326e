"""The operator has sites; merchants are the tenants; users belong to merchants (membership) or to the staff.

Whatever proves who somebody is (password, session, token, badge, PIN, device, link) is a row in `credentials`
that no audience can read: functions owned by `portal_auth` look one up by its exact hash.
"""
