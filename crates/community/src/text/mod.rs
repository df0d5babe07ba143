//! Text for generated messages: templates and a small language model that repeats nobody.
