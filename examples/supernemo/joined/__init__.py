"""Ways to join hits to tracks, and what they are worth."""
