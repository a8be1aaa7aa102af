import { fileURLToPath } from 'node:url'
import prettier from 'eslint-config-prettier'
import vue from 'eslint-plugin-vue'
import tseslint from 'typescript-eslint'

/** What a folder must not import; `test/architecture` checks the whole picture. */
function forbid(files, patterns) {
  return {
    files,
    rules: {
      'no-restricted-imports': ['error', { patterns: patterns.map((group) => ({ group: [group] })) }],
    },
  }
}

export default tseslint.config(
  { ignores: ['out/**', 'node_modules/**', 'native/build/**', '.config/**'] },
  ...tseslint.configs.recommendedTypeChecked,
  ...vue.configs['flat/recommended'],
  {
    languageOptions: {
      parserOptions: {
        parser: tseslint.parser,
        tsconfigRootDir: fileURLToPath(new URL('..', import.meta.url)),
        extraFileExtensions: ['.vue'],
        project: [
          'main/tsconfig.json',
          'preload/tsconfig.json',
          'renderer/tsconfig.json',
          'native/tsconfig.json',
          'test/tsconfig.json',
        ],
      },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  { files: ['main/cli/**', 'test/bench/**'], rules: { 'no-console': 'off' } },
  { files: ['test/**'], rules: { '@typescript-eslint/no-non-null-assertion': 'off' } },
  forbid(
    ['main/engine/**'],
    ['electron', 'vue', 'better-sqlite3', 'piscina', '**/services/**', '**/preload/**'],
  ),
  forbid(['main/services/**'], ['electron', 'vue', '**/app/**', '**/cli/**']),
  forbid(['renderer/**'], ['node:*', 'electron', 'better-sqlite3']),
  prettier,
)
