import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["node_modules/**", ".services/**", ".rollcall/**", "**/dist/**"] },
  ...tseslint.configs.recommended,
  {
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "no-restricted-syntax": [
        "error",
        { selector: "ExportAllDeclaration", message: "Exports are named, one by one." },
      ],
    },
  },
);
