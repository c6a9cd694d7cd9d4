"""What `python -m tutor check` proves of a course: each module is one kind of check, and yields a CourseError for each fault."""
