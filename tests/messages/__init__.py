"""Tests of messages: what mails say, and that each goes out at most once."""
