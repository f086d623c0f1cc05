-- Accounts that were deleted, and whose data the daemon is still to erase. No foreign key: nothing else refers to them.
CREATE TABLE IF NOT EXISTS erasures (
  user_id BIGINT UNSIGNED NOT NULL,
  deleted DATETIME(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3)),
  refusals INT UNSIGNED NOT NULL DEFAULT 0,
  next_attempt DATETIME(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3)),
  PRIMARY KEY (user_id),
  KEY erasures_next (next_attempt, user_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
