-- For the clean-up, which removes the oldest.
ALTER TABLE call_requests ADD KEY call_requests_created (created)
