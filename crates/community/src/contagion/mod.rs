//! What spreads: independent cascade, linear threshold, complex contagion, rumour with correction.
