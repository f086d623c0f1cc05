-- For the staff's search: a user is found by the beginning of either name, and read in the order of the index.
ALTER TABLE users
  ADD KEY users_last_name (last_name, first_name),
  ADD KEY users_first_name (first_name, last_name)
