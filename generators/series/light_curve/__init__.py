"""Light curves of stars."""
