-- How many calls of the services each user has made: kept in the transaction of each call, read in this order by the statistics.
ALTER TABLE users
  ADD COLUMN service_call_count BIGINT UNSIGNED NOT NULL DEFAULT 0,
  ADD KEY users_least_active (role, service_call_count, id)
