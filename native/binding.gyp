# The addon: the kernels once per instruction set, each with its own flags and namespace, and what chooses between them.
{
  'variables': {
    # For builds that look for mistakes: node-gyp configure -- -Dsanitize=address,undefined
    'sanitize%': '',
    # No flag may change a value: no fused multiply-add, no reordering, no assumption about NaN or -0.
    'exact_flags': [
      '-O3', '-std=c++17', '-ffp-contract=off', '-fno-math-errno', '-fno-trapping-math', '-fvisibility=hidden',
      '-Wall', '-Wextra', '-Wno-psabi',
    ],
    'avx2_flags': ['-mavx2', '-mf16c', '-mfma'],
    # The intrinsics of GCC 12 start from values that are uninitialized on purpose, and it warns of them itself.
    'avx512_flags': [
      '-mavx2', '-mf16c', '-mfma', '-mavx512f', '-mavx512bw', '-mavx512vl', '-mavx512dq',
      '-mprefer-vector-width=512', '-Wno-maybe-uninitialized', '-Wno-uninitialized',
    ],
    'kernel_sources': ['<!@(node -p "require(\'node:fs\').globSync(\'src/{formats,optimal,target}/*.cc\').sort().join(\' \')")'],
    'common_sources': ['<!@(node -p "require(\'node:fs\').globSync(\'src/{.,addon}/*.cc\').sort().join(\' \')")'],
  },
  'target_defaults': {
    'include_dirs': ['src', 'src/formats', 'src/optimal'],
    'cflags': ['<@(exact_flags)'],
    'xcode_settings': {
      'OTHER_CPLUSPLUSFLAGS': ['<@(exact_flags)'],
      'CLANG_CXX_LANGUAGE_STANDARD': 'c++17',
      'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
      'MACOSX_DEPLOYMENT_TARGET': '11.0',
    },
    'conditions': [
      ['sanitize!=""', {
        'cflags': ['-fsanitize=<(sanitize)', '-fno-omit-frame-pointer', '-g'],
        'ldflags': ['-fsanitize=<(sanitize)'],
        'xcode_settings': { 'OTHER_LDFLAGS': ['-fsanitize=<(sanitize)'] },
      }],
    ],
    'target_conditions': [
      ['_type=="static_library"', {
        'sources': ['<@(kernel_sources)'],
        'cflags_cc': ['-fno-exceptions', '-fno-rtti'],
        'xcode_settings': { 'GCC_ENABLE_CPP_EXCEPTIONS': 'NO', 'GCC_ENABLE_CPP_RTTI': 'NO' },
      }],
    ],
  },
  'targets': [
    {
      'target_name': 'quantaloupe',
      'sources': ['<@(common_sources)'],
      'include_dirs': [
        '<!(node -p "require(\'node-addon-api\').include_dir")',
        '<!(node -p "require(\'node-api-headers\').include_dir")',
      ],
      'defines': ['NAPI_VERSION=9', 'NAPI_CPP_EXCEPTIONS', 'NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED'],
      'cflags_cc': ['-fexceptions'],
      'xcode_settings': { 'GCC_ENABLE_CPP_EXCEPTIONS': 'YES' },
      'conditions': [
        ['target_arch=="x64"', { 'dependencies': ['baseline', 'avx2', 'avx512'] }],
        ['target_arch=="arm64"', { 'dependencies': ['neon'] }],
      ],
    },
  ],
  'conditions': [
    ['target_arch=="x64"', {
      'targets': [
        {
          'target_name': 'baseline',
          'type': 'static_library',
          'defines': ['QUANTALOUPE_TARGET=baseline'],
        },
        {
          'target_name': 'avx2',
          'type': 'static_library',
          'defines': ['QUANTALOUPE_TARGET=avx2'],
          'cflags': ['<@(avx2_flags)'],
          'xcode_settings': { 'OTHER_CPLUSPLUSFLAGS': ['<@(exact_flags)', '<@(avx2_flags)'] },
        },
        {
          'target_name': 'avx512',
          'type': 'static_library',
          'defines': ['QUANTALOUPE_TARGET=avx512'],
          'cflags': ['<@(avx512_flags)'],
          'xcode_settings': { 'OTHER_CPLUSPLUSFLAGS': ['<@(exact_flags)', '<@(avx512_flags)'] },
        },
      ],
    }],
    ['target_arch=="arm64"', {
      'targets': [
        {
          'target_name': 'neon',
          'type': 'static_library',
          'defines': ['QUANTALOUPE_TARGET=neon'],
        },
      ],
    }],
  ],
}
