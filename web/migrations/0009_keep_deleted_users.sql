-- A deleted account keeps its row: its id is never given again, and who bought from it keeps the purchase.
ALTER TABLE users MODIFY role ENUM('student', 'staff', 'deleted') NOT NULL DEFAULT 'student'
