//! Who is tied to whom: models of graphs, fitted to a History's interactions.
