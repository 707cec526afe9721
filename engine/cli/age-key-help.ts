/** Of every command that opens encrypted files. */
export const ageKeyHelp =
  'the age identities that open encrypted files (SOPS_AGE_KEY_FILE, SOPS_AGE_KEY, ~/.config/sops/age/keys.txt)'
