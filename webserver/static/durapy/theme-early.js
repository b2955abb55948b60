// Sets the chosen colour scheme before anything is painted; a plain script, so that it blocks.
try {
  document.documentElement.dataset.theme = localStorage.getItem('theme') ?? '';
} catch {
  // No storage (a private window): the system's scheme stays.
}
