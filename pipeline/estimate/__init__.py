"""From annotations and reviews to figures with intervals."""
