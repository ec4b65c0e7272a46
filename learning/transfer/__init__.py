"""Transfer: what weights from one dataset are worth on another, beside a twin from scratch."""
