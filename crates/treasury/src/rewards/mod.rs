//! Rules that reward contribution, what they come to, and how members answer them.
