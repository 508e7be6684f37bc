plugins {
    alias(libs.plugins.android.application) // AGP 9 compiles Kotlin itself
}

android {
    namespace = "org.edgelm.demo"
    compileSdk = libs.versions.compileSdk.get().toInt()

    defaultConfig {
        applicationId = "org.edgelm.demo"
        minSdk = libs.versions.minSdk.get().toInt()
        targetSdk = libs.versions.targetSdk.get().toInt()
        versionCode = 1
        versionName = "0.1.0"
        testInstrumentationRunner = "androidx.test.runner.AndroidJUnitRunner"
        ndk {
            abiFilters += listOf("arm64-v8a", "armeabi-v7a", "x86_64")
        }
    }

    buildTypes {
        release {
            isMinifyEnabled = true
            isShrinkResources = true
            proguardFiles(getDefaultProguardFile("proguard-android-optimize.txt"), "proguard-rules.pro")
            signingConfig = signingConfigs.getByName("debug") // so that it can be tried; an app that ships has its own
        }
    }

    // The instrumented tests can be run on what ships: ./gradlew connectedAndroidTest -PtestBuildType=release
    testBuildType = providers.gradleProperty("testBuildType").getOrElse("debug")

    androidResources {
        noCompress += listOf("tflite", "onnx") // mapped into memory where they lie in the APK, not unpacked
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_11
        targetCompatibility = JavaVersion.VERSION_11
    }
}

dependencies {
    implementation(project(":core"))
    implementation(libs.litert)
    implementation(libs.onnxruntime.android)

    androidTestImplementation(libs.androidx.test.runner)
    androidTestImplementation(libs.androidx.test.junit)
}
