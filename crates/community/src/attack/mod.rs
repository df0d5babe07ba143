//! Attacks on a community as generators: scripts that write labelled messages and transfers into a stream.
