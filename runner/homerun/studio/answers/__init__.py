"""What each route answers: types, from which the description and the pages' own types are made."""
