"""The office's door: the operator's clerks and admins, who see all merchants."""
