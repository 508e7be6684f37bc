// The kit itself: no Android in it, so it is a library for any JVM. Kotlin's lambdas become classes, since an app that is
// dexed without desugaring has no invokedynamic.
plugins {
    alias(libs.plugins.kotlin.jvm)
    `java-library`
}

java {
    sourceCompatibility = JavaVersion.VERSION_1_8
    targetCompatibility = JavaVersion.VERSION_1_8
}

kotlin {
    compilerOptions {
        jvmTarget.set(org.jetbrains.kotlin.gradle.dsl.JvmTarget.JVM_1_8)
        freeCompilerArgs.addAll("-Xlambdas=class", "-Xsam-conversions=class")
    }
}

dependencies {
    testImplementation(libs.junit)
}

tasks.test {
    // The bundle whose golden files are replayed: ./gradlew :core:test -Pbundle=/path/to/bundle
    inputs.property("bundle", providers.gradleProperty("bundle").getOrElse(""))
    systemProperty("edgelm.bundle", providers.gradleProperty("bundle").getOrElse(""))
}
