/* What a reader of one file alone cannot see. */
#ifndef VDC_BASE_KNOWN_H
#define VDC_BASE_KNOWN_H

/* The condition always holds where this stands: for the static analyser (make tidy) and for people. Not a check: compiled, it is nothing. */
#ifdef __clang_analyzer__
#define VDC_KNOWN(condition) \
    do { \
        if (!(condition)) __builtin_unreachable(); \
    } while (0)
#else
#define VDC_KNOWN(condition) ((void)sizeof(!(condition)))
#endif

#endif
