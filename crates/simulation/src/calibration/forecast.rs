//! A fit held against what came next. Written below.
