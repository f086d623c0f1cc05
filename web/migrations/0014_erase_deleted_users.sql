-- Accounts that were deleted earlier, when only an operator could erase what the daemon kept of them.
INSERT IGNORE INTO erasures (user_id) SELECT id FROM users WHERE role = 'deleted'
