"""Speed side by side with the tools that do one part of the work; figures in docs/performance.md."""
