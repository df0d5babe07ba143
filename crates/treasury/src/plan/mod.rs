//! A DAO's plan: runway, ruin, stress, frontier and the recommended policy, as a document.
