-- Calls of the services that were made, and are still to be sent to the daemon. No foreign key: a call that was made is
-- sent, even if the account is deleted.
CREATE TABLE IF NOT EXISTS outbox (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  request_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  user_id BIGINT UNSIGNED NOT NULL,
  service VARCHAR(63) NOT NULL,
  call_time DATETIME(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3)),
  refusals INT UNSIGNED NOT NULL DEFAULT 0,
  next_attempt DATETIME(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3)),
  PRIMARY KEY (id),
  UNIQUE KEY outbox_request (request_id),
  KEY outbox_next (next_attempt, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
